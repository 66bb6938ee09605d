//! Signing in with an Adobe ID, and choosing the IMS organization.
