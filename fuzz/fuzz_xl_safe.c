/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz_xl_safe.c - a configuration from a hostile host, as libxl's JSON and as
 * xl's own file: what is kept is called as we said, names no file but those
 * that we said, and has nothing in it that would be left out again.
 */
#include <stdlib.h>
#include <string.h>

#include "domain_offline.h"
#include "fuzz.h"
#include "xl_safe.h"

#define UUID "0f1e2d3c-4b5a-4697-8877-665544332211"

/* xl's own parser drops a string at some syntax errors; nothing else may. */
const char *__lsan_default_suppressions(void);

const char *
__lsan_default_suppressions(void)
{
	return "leak:xlu__cfg\n";
}

static const struct xl_cfg_disk disk = { "xvda", "/b/xvda.img", "qcow2" };
static const struct xl_safe_how how = {
	.name = "safe",
	.uuid = UUID,
	.disks = &disk,
	.n_disks = 1,
};

/* How keys begin that run something, open something, or are the host's. */
static const char *const never[] = {
	"script", "kernel",  "bootloader", "device_model_override",
	"bridge", "extra",   "backend_",   "pcidevs",
	"pci",    "channel", "firmware",   "vnclisten",
};

/* Is there a key in @text, libxl's JSON or xl's file, that begins so?  A disk
 * may have any word for a name. */
static bool
has_key(const char *text, const char *begin)
{
	for (const char *s = text; (s = strstr(s, begin)); s++) {
		size_t len = strspn(s, "abcdefghijklmnopqrstuvwxyz_0123456789");

		if ((s == text || strchr("\n\", '", s[-1])) &&
		    (s[len] == '=' || strncmp(s + len, "\":", 2) == 0))
			return true;
	}
	return false;
}

static void
check_words(const char *text)
{
	const char *s = text;

	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		must(!has_key(text, never[i]));
	/* A slash is in the path that we gave alone. */
	while ((s = strchr(s, '/'))) {
		must(strncmp(s, disk.path, strlen(disk.path)) == 0);
		s += strlen(disk.path);
	}
}

static void
json(const char *text)
{
	struct domain_info info;
	struct xl_safe_left left;
	struct err err = ERR_INIT;
	char *safe = xl_safe_json(text, &how, &left, &err), *again;

	if (!safe) {
		fuzz_refused(&err, CORRUPT | UNSUPPORTED);
		return;
	}
	check_words(safe);
	must(xl_safe_look(safe, &info, &err) == 0);
	must(strcmp(info.name, "safe") == 0 && strcmp(info.uuid, UUID) == 0);
	again = xl_safe_json(safe, &how, &left, &err);
	must(again && left.n == 0);
	/* But for the generation id of a guest, which is new each time. */
	must(strstr(safe, "ms_vm_genid") || strcmp(safe, again) == 0);
	free(again);
	free(safe);
}

static void
file(const char *text)
{
	struct domain_info info;
	struct xl_safe_left left;
	struct err err = ERR_INIT;
	char *safe = offline_safe(text, &how, &left, &err), *again;

	if (!safe) {
		fuzz_refused(&err, CORRUPT | UNSUPPORTED | INVALID);
		return;
	}
	check_words(safe);
	must(offline_read(safe, "safe", &info, &err) == 0);
	must(strcmp(info.uuid, UUID) == 0);
	again = offline_safe(safe, &how, &left, &err);
	must(again && left.n == 0 && strcmp(safe, again) == 0);
	free(again);
	free(safe);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	char *text = fuzz_text(p, len);

	json(text);
	file(text);
	free(text);
	return 0;
}
