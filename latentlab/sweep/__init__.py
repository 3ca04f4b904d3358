"""Many runs of one recipe: a grid over fields of the configuration, trained side by side and then compared."""
