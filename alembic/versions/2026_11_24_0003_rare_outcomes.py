"""Lists of rare outcomes in the whole city: neutral, dissatisfied, never reached, never asked, left out of the statistics.

Revision ID: 0003
Revises: 0002

Without these a list of few orders among many was walked from the newest order to the oldest. The indexes hold only the
rare rows: the common one, satisfied, is met soon on the way. Building them reads the table once and holds up writing
meanwhile, so they stand in a migration of their own.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NEWEST = (sa.literal_column("accepted_at DESC"), sa.literal_column("id DESC"))
INDEXES = {
    "ix_orders_discontent": (["satisfaction", *NEWEST], "satisfaction in ('neutral', 'dissatisfied')"),
    "ix_orders_silent": (["outcome", *NEWEST], "outcome in ('unreached', 'unasked')"),
    "ix_orders_excluded": ([*NEWEST], "excluded"),
}


def upgrade() -> None:
    for name, (columns, where) in INDEXES.items():
        op.create_index(name, "orders", columns, postgresql_where=sa.text(where))


def downgrade() -> None:
    for name in INDEXES:
        op.drop_index(name, table_name="orders")
