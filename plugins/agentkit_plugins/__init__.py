"""First-party plugins: found through entry points, built on public names only, like anyone's."""
