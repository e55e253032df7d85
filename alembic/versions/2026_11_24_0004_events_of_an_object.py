"""What happened to one object: asked when a form is sent again, when one is stale, and at every sign-in of a provider.

Revision ID: 0004
Revises: 0003

Without this the whole trail was read for it, which grows with every change. Building the index holds up writing events
meanwhile, so it stands in a migration of its own.
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_events_object", "events", ["object_type", "object_id", "id"])


def downgrade() -> None:
    op.drop_index("ix_events_object", table_name="events")
