"""In- or outpatient, as a report's message says it."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("reports", sa.Column("patient_class", sa.String()))


def downgrade() -> None:
    op.drop_column("reports", "patient_class")
