/* SPDX-License-Identifier: MIT */
/* Swallows the request body and tells its length and SHA-256, as sha256sum(1) would. */
#include <openssl/evp.h>

#include "etc/demo/apps/app.h"

static void answer(FCGX_Request *r)
{
	EVP_MD_CTX *hash = EVP_MD_CTX_new();
	unsigned char digest[EVP_MAX_MD_SIZE], buf[16384];
	unsigned long long total = 0;
	unsigned length = 0;
	int n;

	EVP_DigestInit_ex(hash, EVP_sha256(), NULL);
	while ((n = app_read(r, (char *)buf, sizeof buf)) > 0) {
		EVP_DigestUpdate(hash, buf, (size_t)n);
		total += (unsigned)n;
	}
	EVP_DigestFinal_ex(hash, digest, &length);
	EVP_MD_CTX_free(hash);
	FCGX_FPrintF(r->out, "Content-Type: text/plain\r\n\r\nlength %s\noctets %llu\nsha256 ",
		     *app_var(r, "CONTENT_LENGTH") ? app_var(r, "CONTENT_LENGTH") : "unknown",
		     total);
	for (unsigned i = 0; i < length; i++)
		FCGX_FPrintF(r->out, "%02x", digest[i]);
	FCGX_PutS("\n", r->out);
}

int main(void)
{
	return app_serve(answer);
}
