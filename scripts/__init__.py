"""Developer tools: generators of files that are committed and proven fresh, and installers of test tools."""
