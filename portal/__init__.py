"""The face: pages, API, sign-in, search, jobs and the command line. The only room that knows Flask."""
