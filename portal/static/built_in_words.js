// Streamlit speaks English where its own widgets speak. This puts those words into Chinese, exactly and only those,
// while the portal speaks Chinese, and gives the English back when the reader changes the language. Text that people
// wrote (Markdown, tables, what is being typed) is never touched.
(() => {
  const WORDS = {
    '(required)': '（必填）',
    'This field is required.': '此项必填',
    'Press Enter to apply': '按回车键应用',
    'Press Ctrl+Enter to apply': '按 Ctrl+回车键应用',
    'Press ⌘+Enter to apply': '按 ⌘+回车键应用',
    'Press Enter to submit form': '按回车键提交',
    'Press Ctrl+Enter to submit form': '按 Ctrl+回车键提交',
    'Press ⌘+Enter to submit form': '按 ⌘+回车键提交',
    'Upload': '上传文件',
    'Browse files': '选择文件',
    'Add files': '添加文件',
    'Add file': '添加文件',
    'Drag and drop file here': '将文件拖到此处',
    'Drag and drop files here': '将文件拖到此处',
    'Choose an option': '请选择',
    'Choose options': '请选择',
    'Choose a date': '选择日期',
    'Choose date': '选择日期',
    'yyyy': '年',
    'mm': '月',
    'dd': '日',
    'Help': '说明',
    'Time': '时间',
    'Add options': '添加选项',
    'Select all': '全选',
    'Clear all': '全部清除',
    'Clear value': '清除',
    'Clear': '清除',
    'open': '展开',
    'Open': '展开',
    'Selected values': '已选',
    'Sidebar': '侧栏',
    'App pages': '页面',
    'Link to heading': '此标题的链接',
    'Navigate to home page': '回到首页',
    'file upload': '上传文件',
    'Logo': '标志',
    'Cancel': '取消',
    'No results': '无匹配项',
    'No options to select': '没有可选项',
    'No options to select.': '没有可选项',
    'Type to search': '输入以搜索',
    'Download as CSV': '下载 CSV',
    'Search': '搜索',
    'Type to search…': '输入以搜索…',
    'Fullscreen': '全屏',
    'Close fullscreen': '退出全屏',
    'Exit fullscreen': '退出全屏',
    'Show/hide columns': '显示/隐藏列',
    'Add row': '添加行',
    'Delete row(s)': '删除行',
    'Delete selected row(s)': '删除所选行',
    'Clear selection': '取消选择',
    'Sort ascending': '升序',
    'Sort descending': '降序',
    'Statistics': '统计',
    'Format': '格式',
    'Autosize': '自动列宽',
    'Pin column': '固定列',
    'Unpin column': '取消固定',
    'Hide column': '隐藏列',
    'empty': '空',
    'Skip to main content': '跳到正文',
    'Running...': '处理中…',
    'Running…': '处理中…',
    'Stop': '停止',
    'Rerun': '重新运行',
    'Settings': '显示设置',
    'Print': '打印',
    'Record a screencast': '录制屏幕',
    'About': '关于',
    'Wide mode': '宽屏',
    'Appearance': '外观',
    'Choose app theme, colors and fonts': '选择界面配色与字体',
    'Choose app theme': '选择界面配色',
    'Use system setting': '跟随系统',
    'System': '跟随系统',
    'Light': '浅色',
    'Dark': '深色',
    'Custom Theme Light': '浅色',
    'Custom Theme Dark': '深色',
    'Close': '关闭',
    'Main menu': '主菜单',
    'Expand sidebar': '展开侧栏',
    'Collapse sidebar': '收起侧栏',
    'Open sidebar': '展开侧栏',
    'Close sidebar': '收起侧栏',
    'View more': '展开更多',
    'View less': '收起',
    'Previous page': '上一页',
    'Next page': '下一页',
    'Previous': '上一页',
    'Next': '下一页',
    'Previous month.': '上个月',
    'Next month.': '下个月',
    'Copy to clipboard': '复制',
    'Copied': '已复制',
    'Remove file': '移除文件',
    'Decrement': '减少',
    'Increment': '增加',
    'Step down': '减少',
    'Step up': '增加',
    'Page not found': '没有这个页面',
    'Connection error': '连接中断',
    'Connecting': '正在连接',
    'Is Streamlit still running? If you accidentally stopped Streamlit, just restart it in your terminal:':
      '与服务器的连接已断开，正在尝试恢复，请稍候。',
    'CONNECTING': '正在连接',
    'Connecting...': '正在连接…',
    'Show data': '查看数据',
    'Show chart': '查看图表',
    'Save as SVG': '保存为 SVG',
    'Save as PNG': '保存为 PNG',
  };
  const PATTERNS = [
    [/^(\d+(?:\.\d+)?)MB per file$/, '单个文件不超过 $1MB'],
    [/^(\d+(?:\.\d+)?)MB per file • (.*)$/, '单个文件不超过 $1MB • $2'],
    [/^Limit (\d+(?:\.\d+)?)MB per file$/, '单个文件不超过 $1MB'],
    [/^Limit (\d+(?:\.\d+)?)MB per file • (.*)$/, '单个文件不超过 $1MB • $2'],
    [/^(?:Error: )?File must be (\d+(?:\.\d+)?)MB or smaller\.$/, '文件超过 $1MB 的上限，未上传'],
    [/^(?:Error: )?(.+) files are not allowed\.$/, '不接收此类文件（$1），未上传'],
    [/^(\d+) options? available\.$/, '共 $1 个选项'],
    [/^Remove (.+)$/, '移除 $1'],
    [/^[\w ]+ icon$/, '图标'],
    [/^View (\d+) more$/, '展开其余 $1 项'],
    [/^(\d+) of (\d+)$/, '第 $1 项，共 $2 项'],
    [/^Page (\d+)$/, '第 $1 页'],
    [/^Help for (.+)$/, '$1 的说明'],
    [/^The page that you have requested does not seem to exist\..*$/, '您请求的页面不存在，已转到首页。'],
    [/^You have requested page (.*), but no corresponding file was found.*$/, '您请求的页面 $1 不存在，已转到首页。'],
  ];
  const ATTRIBUTES = ['placeholder', 'aria-label', 'title', 'alt'];
  const ENGLISH_MARK = '.st-key-portal_language_en';
  const CHINESE_MARK = '.st-key-portal_language_zh_CN';
  const UNTOUCHED = '[data-testid=stMarkdownContainer],[data-testid=stText],[data-testid=stDataFrame] table,'
    + '[data-testid=stCode],[data-testid=stSidebarNav],textarea,input,[role=option],[data-baseweb=tag]';

  const originals = new WeakMap();
  const touched = new Set();
  let chinese = (() => {
    try { return localStorage.getItem('portal-language') !== 'en'; } catch { return true; }
  })();

  const translated = (text) => {
    const key = text.trim();
    if (Object.hasOwn(WORDS, key)) return text.replace(key, WORDS[key]);
    for (const [pattern, replacement] of PATTERNS) {
      if (pattern.test(key)) return key.replace(pattern, replacement);
    }
    return null;
  };

  const remember = (node, slot, english) => {
    const kept = originals.get(node) ?? {};
    kept[slot] = english;
    originals.set(node, kept);
    touched.add(new WeakRef(node));
  };

  const writtenByPeople = (node) => {
    const parent = node.parentElement;
    return parent !== null && parent.closest(UNTOUCHED) !== null && parent.closest('[data-testid=stFileUploader]') === null;
  };

  const visit = (node) => {
    if (!chinese) return;
    if (node.nodeType === Node.TEXT_NODE) {
      if (writtenByPeople(node)) return;
      const text = translated(node.nodeValue);
      if (text !== null && text !== node.nodeValue) {
        remember(node, 'text', node.nodeValue);
        node.nodeValue = text;
      }
    } else if (node.nodeType === Node.ELEMENT_NODE) {
      for (const attribute of ATTRIBUTES) {
        const value = node.getAttribute(attribute);
        const text = value && translated(value);
        if (text && text !== value) {
          remember(node, attribute, value);
          node.setAttribute(attribute, text);
        }
      }
      node.childNodes.forEach(visit);
    }
  };

  const giveBack = () => {
    for (const reference of touched) {
      const node = reference.deref();
      const kept = node && originals.get(node);
      if (!kept) continue;
      for (const [slot, english] of Object.entries(kept)) {
        if (slot === 'text') node.nodeValue = english; else node.setAttribute(slot, english);
      }
      originals.delete(node);
    }
    touched.clear();
  };

  const speak = (wanted) => {
    document.documentElement.lang = wanted ? 'zh-CN' : 'en';
    if (wanted === chinese) return;
    chinese = wanted;
    try { localStorage.setItem('portal-language', chinese ? 'zh_CN' : 'en'); } catch { /* private windows may refuse */ }
    if (chinese) visit(document.body); else giveBack();
  };

  const listen = () => {
    if (document.querySelector(ENGLISH_MARK)) speak(false);
    else if (document.querySelector(CHINESE_MARK)) speak(true);
  };

  document.documentElement.lang = chinese ? 'zh-CN' : 'en';
  new MutationObserver((changes) => {
    listen();
    for (const change of changes) {
      if (change.type === 'childList') change.addedNodes.forEach(visit);
      else visit(change.target);
    }
  }).observe(document, {
    subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: [...ATTRIBUTES, 'class'],
  });
})();
