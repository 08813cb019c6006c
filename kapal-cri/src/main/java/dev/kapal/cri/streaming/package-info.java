/** Exec, attach and port-forward: URLs of the streaming server, and the engine behind it. */
@NullMarked
package dev.kapal.cri.streaming;

import org.jspecify.annotations.NullMarked;
