"""The constitutions that ship with agentkit: YAML files, read with importlib.resources."""
