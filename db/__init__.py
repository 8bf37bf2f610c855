"""The only SQLAlchemy: tables and the only ways they change."""
