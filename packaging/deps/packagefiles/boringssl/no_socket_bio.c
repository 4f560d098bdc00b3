// In place of BoringSSL's socket BIOs, whose helper would pull getaddrinfo, and with it the C
// library's name service, into the binary. SSL_set_fd and its kin name this function; nothing of
// ours calls them: net/ gives BoringSSL BIOs of its own.
#include <openssl/bio.h>
#include <stdlib.h>

const BIO_METHOD *BIO_s_socket(void) { abort(); }
