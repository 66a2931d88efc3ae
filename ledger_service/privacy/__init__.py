"""Privacy: disclosures are sealed under the key of the person they are about, and erased by destroying it."""
