"""Our client and IBM's Node.js client exchange messages through the development server."""
