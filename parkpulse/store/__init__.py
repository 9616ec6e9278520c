"""The only package that talks to PostgreSQL; one module a concept."""
