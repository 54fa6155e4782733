"""SavedModels: the functions that answer for a server, and the folder that holds them."""
