/* report/sarif_tool.c - this program and its rules as SARIF describes a tool. Only rules that results name are listed. */
#include <stdlib.h>
#include <string.h>

#include "report/sarif.h"

const char *cw_sarif_level(enum cw_severity s)
{
	switch (s) {
	case CW_SEVERITY_CRITICAL:
	case CW_SEVERITY_HIGH:
		return "error";
	case CW_SEVERITY_MEDIUM:
		return "warning";
	case CW_SEVERITY_LOW:
		break;
	}
	return "note";
}

/* The number in the middle of what GitHub takes for this severity. */
static const char *security_severity(enum cw_severity s)
{
	switch (s) {
	case CW_SEVERITY_CRITICAL:
		return "9.5";
	case CW_SEVERITY_HIGH:
		return "8.0";
	case CW_SEVERITY_MEDIUM:
		return "5.5";
	case CW_SEVERITY_LOW:
		break;
	}
	return "2.0";
}

void cw_sarif_add_message(struct cw_buf *b, const char *text)
{
	for (; *text; text++) {
		/* [text](target) is a link and {0} an argument in a message. */
		if (strchr("[]", *text))
			cw_buf_addc(b, '\\');
		else if (strchr("{}", *text))
			cw_buf_addc(b, *text);
		cw_buf_addc(b, *text);
	}
}

void cw_sarif_number_rules(const struct cw_report_input *in, size_t len, uint32_t *rule_index)
{
	size_t rules = cw_set_len(in->set);
	uint32_t next = 0;

	for (size_t i = 0; i < rules; i++)
		rule_index[i] = CW_SARIF_NO_RULE;
	for (size_t i = 0; i < len; i++)
		rule_index[cw_findings_at(in->findings, i)->rule->index] = 0;
	for (size_t i = 0; i < rules; i++)
		if (rule_index[i] == 0)
			rule_index[i] = next++;
}

static void add_text_object(struct cw_json *o, const char *key, const char *text)
{
	cw_json_add_str(cw_json_add_object(o, key), "text", text);
}

/* What to do, then the references. False without memory. */
static bool add_help(struct cw_json *o, const struct cw_rule *rule)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;

	cw_buf_adds(&text, rule->remediation);
	for (size_t i = 0; i < rule->references_len; i++)
		cw_buf_addf(&text, "\n%s", rule->references[i]);
	if (text.fail != 0)
		return false;
	add_text_object(o, "help", text.len > 0 ? text.data : rule->title);
	return true;
}

static void add_properties(struct cw_json *o, const struct cw_rule *rule)
{
	struct cw_json *properties = cw_json_add_object(o, "properties"), *tags = cw_json_add_array(properties, "tags");
	char cwe[40];

	/* GitHub takes at most 20 tags. */
	cw_json_add_str(tags, NULL, "security");
	cw_json_add_str(tags, NULL, "secret");
	if (rule->cwe > 0) {
		snprintf(cwe, sizeof(cwe), "external/cwe/cwe-%u", rule->cwe);
		cw_json_add_str(tags, NULL, cwe);
	}
	cw_json_add_str(properties, "security-severity", security_severity(rule->severity));
	cw_json_add_str(properties, "precision", rule->cls == CW_CLASS_SPECIFIC ? "high" : "medium");
}

static int write_rule(const struct cw_rule *rule, bool first, FILE *out, struct cw_err *err)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *o = cw_json_object();
	int rc;

	cw_json_add_str(o, "id", rule->id);
	add_text_object(o, "shortDescription", rule->title);
	add_text_object(o, "fullDescription", rule->description[0] ? rule->description : rule->title);
	if (!add_help(o, rule))
		return cw_err_nomem(err);
	if (rule->references_len > 0 && strncmp(rule->references[0], "http", 4) == 0)
		cw_json_add_str(o, "helpUri", rule->references[0]);
	cw_json_add_str(cw_json_add_object(o, "defaultConfiguration"), "level", cw_sarif_level(rule->severity));
	add_properties(o, rule);
	rc = cw_report_puts(first ? "\n" : ",\n", out, err);
	return rc == 0 ? cw_report_print_json(o, out, err) : rc;
}

int cw_sarif_write_tool(const struct cw_report_input *in, const uint32_t *rule_index, FILE *out, struct cw_err *err)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *driver = cw_json_object();
	CW_CLEANUP(cw_buf_release) struct cw_buf b = CW_BUF_INIT;
	int rc;

	cw_json_add_str(driver, "name", "credwatch");
	cw_json_add_str(driver, "version", in->version);
	cw_json_add_str(driver, "semanticVersion", in->version);
	cw_buf_adds(&b, "{\"driver\":");
	rc = cw_json_print(driver, false, &b, err);
	if (rc != 0)
		return rc;
	cw_buf_truncate(&b, b.len - 1);
	cw_buf_adds(&b, ",\"rules\":[");
	rc = cw_report_flush(&b, out, err);
	for (size_t i = 0; rc == 0 && i < cw_set_len(in->set); i++)
		if (rule_index[i] != CW_SARIF_NO_RULE)
			rc = write_rule(cw_set_rule(in->set, i), rule_index[i] == 0, out, err);
	return rc == 0 ? cw_report_puts("]}}", out, err) : rc;
}
