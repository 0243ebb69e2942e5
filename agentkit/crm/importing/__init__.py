"""Importing what other CRMs export."""
