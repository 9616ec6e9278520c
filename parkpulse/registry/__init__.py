"""The registry as a document: import, export, comparison."""
