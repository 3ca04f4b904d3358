"""Encode, decode, interpolate, traverse; projection; neighbours."""
