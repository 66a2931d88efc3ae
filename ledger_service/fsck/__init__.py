"""fsck: reads everything that is stored, hashes it again and says, place by place, what does not fit."""
