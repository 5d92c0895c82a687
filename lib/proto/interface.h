/* proto/interface.h - io.credwatch.varlink, as it is in this program. */
#ifndef CW_PROTO_INTERFACE_H
#define CW_PROTO_INTERFACE_H

#define CW_INTERFACE "io.credwatch"

extern const char cw_interface_text[];

#endif
