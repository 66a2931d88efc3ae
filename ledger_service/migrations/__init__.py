"""Schema versions, run by `kit.db.upgrade`. A released version is never edited: a change is a new one."""
