/* The layout of the structs that TypeScript reads or writes. */
#ifndef PH_STRUCT_LAYOUT_H
#define PH_STRUCT_LAYOUT_H

#include "status.h"

/* Returns the layouts as lines "<struct> <field> <offset>", and "<struct> sizeof <bytes>" for each
 * struct. tests/unit/ffi/struct_layout_test.ts compares them with ffi/struct_layout.ts. */
PH_API const char *ph_struct_layout(void);

#endif
