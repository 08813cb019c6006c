/** ttrpc, the remote procedure calls of containerd's shims: frames, a client, a server. */
@NullMarked
package dev.kapal.runtime.ttrpc;

import org.jspecify.annotations.NullMarked;
