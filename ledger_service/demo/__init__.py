"""The product's main job on a sample plant, from files to proofs that a stranger checks offline."""
