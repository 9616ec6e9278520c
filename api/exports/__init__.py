"""Readings as files: CSV, Arrow, Parquet and workbooks, in bounded memory."""
