/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_domain_xl_cfg_other.c - a configuration becomes another domain's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "xl_cfg_other.h"

#define UUID "11111111-2222-4333-8444-555555555555"

static const char config[] =
	"{\"c_info\":{\"type\":\"hvm\",\"name\":\"web1\",\"uuid\":"
	"\"a0db4a77-0eb6-4878-acfb-a52384786775\"},"
	"\"b_info\":{\"type.hvm\":{\"vnc\":{\"enable\":\"True\","
	"\"display\":3}}},"
	"\"vfbs\":[{\"vnc\":{\"display\":4}}],"
	"\"nics\":[{\"mac\":\"00:16:3e:11:22:33\",\"bridge\":\"br0\","
	"\"ifname\":\"web1-in\",\"nictype\":\"vif\"},"
	"{\"mac\":\"00:16:3e:11:22:34\",\"bridge\":\"br1\"}]}";

static const struct xl_cfg_identity fenced = {
	.name = "trial",
	.uuid = UUID,
	.network = XL_CFG_NO_NETWORK,
	.mac = 0xfffffe,
};

static char *
as_other(const struct xl_cfg_identity *id)
{
	struct err err = ERR_INIT;
	char *text = xl_cfg_as_other(config, id, &err);

	if (!text)
		fail_msg("%s", err.text);
	return text;
}

/* json-c writes spaces between words; what is looked for has none. */
static char *
squeezed(char *text)
{
	char *to = text;

	for (const char *p = text; *p; p++)
		if (*p != ' ')
			*to++ = *p;
	*to = '\0';
	return text;
}

static void
has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no \"%s\" in:\n%s", part, text);
}

static void
has_not(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("\"%s\" in:\n%s", part, text);
}

static void
test_identity(void **state)
{
	char *text = squeezed(as_other(&fenced));

	(void)state;
	has(text, "\"name\":\"trial\"");
	has(text, "\"uuid\":\"" UUID "\"");
	has_not(text, "web1");
	has_not(text, "nics");
	has_not(text, "\"display\"");
	has(text, "\"findunused\":\"True\"");
	free(text);
}

static void
test_cards_get_addresses_of_their_own(void **state)
{
	struct xl_cfg_identity id = fenced;
	char *text;

	(void)state;
	id.network = XL_CFG_SAME_NETWORK;
	text = squeezed(as_other(&id));
	has(text, "00:16:3e:ff:ff:fe");
	has(text, "00:16:3e:ff:ff:ff");
	has(text, "\"bridge\":\"br0\"");
	has(text, "\"bridge\":\"br1\"");
	has_not(text, "11:22");
	has_not(text, "web1-in");
	free(text);

	id.network = XL_CFG_BRIDGE;
	id.bridge = "lab";
	id.mac = 0xffffff;
	text = squeezed(as_other(&id));
	/* The lower three bytes come round, and stay in the range. */
	has(text, "00:16:3e:00:00:00");
	has_not(text, "br0");
	has_not(text, "br1");
	free(text);
}

/* The same machine, somewhere else: its guest knows its cards by them. */
static void
test_the_same_machine_keeps_its_addresses(void **state)
{
	struct xl_cfg_identity id = fenced;
	char *text;

	(void)state;
	id.network = XL_CFG_BRIDGE;
	id.bridge = "lab";
	id.same_macs = true;
	text = squeezed(as_other(&id));
	has(text, "00:16:3e:11:22:33");
	has(text, "00:16:3e:11:22:34");
	has(text, "\"bridge\":\"lab\"");
	has_not(text, "br1");
	has_not(text, "web1-in");
	free(text);
}

/* One that it has is new each time; one that has none gets none. */
static void
test_generation_id(void **state)
{
	static const char with[] =
		"{\"c_info\":{\"type\":\"hvm\"},\"b_info\":{\"type.hvm\":"
		"{\"ms_vm_genid\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]}}}";
	struct err err = ERR_INIT;
	char *a = squeezed(xl_cfg_as_other(with, &fenced, &err));
	char *b = squeezed(xl_cfg_as_other(with, &fenced, &err));
	char *none = squeezed(as_other(&fenced));

	(void)state;
	has(a, "\"ms_vm_genid\":[");
	has_not(a, "[1,2,3,4");
	assert_string_not_equal(a, b);
	has_not(none, "ms_vm_genid");
	free(a);
	free(b);
	free(none);
}

static void
test_emulated_cards(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(xl_cfg_emulates_network(config, &err), 1);
	assert_int_equal(xl_cfg_emulates_network(
				 "{\"c_info\":{\"type\":\"hvm\"},\"nics\":["
				 "{\"nictype\":\"vif\"}]}",
				 &err),
			 0);
	assert_int_equal(xl_cfg_emulates_network(
				 "{\"c_info\":{\"type\":\"pvh\"},\"nics\":["
				 "{\"mac\":\"x\"}]}",
				 &err),
			 0);
	assert_int_equal(xl_cfg_emulates_network("{", &err), -1);
}

static void
test_nonsense(void **state)
{
	static const char *const texts[] = { "", "[]", "{}", "{\"c_info\":1}" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct err err = ERR_INIT;

		assert_null(xl_cfg_as_other(texts[i], &fenced, &err));
		assert_int_equal(err.code, ERR_CORRUPT);
	}
}

static void
test_own_file(void **state)
{
	static const char *const vifs[] = {
		"mac=00:16:3e:11:22:33, bridge=br0,vifname=web1-in",
		"bridge = br1 , model=e1000",
	};
	struct xl_cfg_identity id = fenced;
	struct err err = ERR_INIT;
	char *text;

	(void)state;
	text = xl_cfg_append_identity("name=\"web1\"", &id, vifs, 2, &err);
	assert_non_null(text);
	has(text, "name=\"web1\"\n");
	has(text, "\nname=\"trial\"\nuuid=\"" UUID "\"\nvif=[\n]\n");
	free(text);

	id.network = XL_CFG_SAME_NETWORK;
	text = xl_cfg_append_identity("", &id, vifs, 2, &err);
	has(text, "\"mac=00:16:3e:ff:ff:fe, bridge=br0\",");
	has(text, "\"mac=00:16:3e:ff:ff:ff,bridge = br1 , model=e1000\",");
	free(text);

	id.network = XL_CFG_BRIDGE;
	id.bridge = "lab";
	text = xl_cfg_append_identity("", &id, vifs, 2, &err);
	has(text, "\"mac=00:16:3e:ff:ff:fe,bridge=lab\",");
	has(text, "\"mac=00:16:3e:ff:ff:ff,bridge=lab, model=e1000\",");
	free(text);
}

static void
test_what_cannot_be_written(void **state)
{
	static const char *const vifs[] = { "bridge=a\"b" };
	struct xl_cfg_identity id = fenced;
	struct err err = ERR_INIT;

	(void)state;
	id.network = XL_CFG_SAME_NETWORK;
	assert_null(xl_cfg_append_identity("", &id, vifs, 1, &err));
	assert_int_equal(err.code, ERR_INVALID);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_cards_get_addresses_of_their_own),
		cmocka_unit_test(test_the_same_machine_keeps_its_addresses),
		cmocka_unit_test(test_generation_id),
		cmocka_unit_test(test_emulated_cards),
		cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_own_file),
		cmocka_unit_test(test_what_cannot_be_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
