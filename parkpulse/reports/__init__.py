"""Reports as people read them: one document, written as PDF or as a workbook."""
