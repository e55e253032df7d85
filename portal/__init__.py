"""How a screen begins, asks, acts, words and draws; the only folder that touches Streamlit machinery."""
