/* A content worker alone, as credwatchd --worker=content runs it. */
#include "daemon/worker.h"

int main(void)
{
	return cw_worker_content_main();
}
