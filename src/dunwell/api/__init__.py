"""The API: what the desk does, and how money is announced during the day. OpenAPI at /api/openapi.json."""
