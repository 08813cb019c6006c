/** How calls of gRPC reach methods that block, and how their failures become status codes. */
@NullMarked
package dev.kapal.cri.rpc;

import org.jspecify.annotations.NullMarked;
