"""Judging: the rules of a record's type are applied when it is sequenced, and again when late knowledge comes in."""
