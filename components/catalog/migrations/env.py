"""Where Alembic meets the connection that `components.catalog` opened and locked."""

from alembic import context

from components.catalog._tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
