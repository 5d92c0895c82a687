/* daemon/method_service.c - org.varlink.service: what a client can ask before it knows us. */
#include <string.h>

#include "base/cleanup.h"
#include "daemon/method.h"
#include "daemon/version.h"
#include "proto/interface.h"

#define SERVICE "org.varlink.service"

/* Source: https://varlink.org/Service */
static const char service_text[] = "# The Varlink service interface: what is offered here.\n"
				   "interface org.varlink.service\n"
				   "\n"
				   "method GetInfo() -> (\n"
				   "  vendor: string,\n"
				   "  product: string,\n"
				   "  version: string,\n"
				   "  url: string,\n"
				   "  interfaces: []string\n"
				   ")\n"
				   "\n"
				   "method GetInterfaceDescription(interface: string) -> (description: string)\n"
				   "\n"
				   "error InterfaceNotFound (interface: string)\n"
				   "error MethodNotFound (method: string)\n"
				   "error MethodNotImplemented (method: string)\n"
				   "error InvalidParameter (parameter: string)\n"
				   "error PermissionDenied ()\n"
				   "error ExpectedMore ()\n";

void cw_method_get_info(struct cw_request *r)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *reply = cw_json_object();
	struct cw_json *interfaces;

	cw_json_add_str(reply, "vendor", "credwatch");
	cw_json_add_str(reply, "product", "credwatchd");
	cw_json_add_str(reply, "version", CW_VERSION);
	cw_json_add_str(reply, "url", "");
	interfaces = cw_json_add_array(reply, "interfaces");
	cw_json_add_str(interfaces, NULL, SERVICE);
	cw_json_add_str(interfaces, NULL, CW_INTERFACE);
	cw_request_reply(r, reply);
}

void cw_method_get_description(struct cw_request *r)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *parameters = NULL, *reply = NULL;
	const char *name;

	if (cw_request_json(r, &parameters) != 0)
		return;
	name = cw_json_str(cw_json_get(parameters, "interface"));
	if (name == NULL) {
		cw_request_invalid(r, "interface");
		return;
	}
	if (strcmp(name, SERVICE) != 0 && strcmp(name, CW_INTERFACE) != 0) {
		cw_request_fail_as(r, SERVICE ".InterfaceNotFound", "interface", name, strlen(name));
		return;
	}
	reply = cw_json_object();
	cw_json_add_str(reply, "description", strcmp(name, SERVICE) == 0 ? service_text : cw_interface_text);
	cw_request_reply(r, reply);
}
