"""Training and evaluation: needs the extra ``agentkit-crm[train]``."""
