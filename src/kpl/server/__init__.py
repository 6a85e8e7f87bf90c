"""The server: many users, one truth. REST, database, background loops and the console behind one port."""
