/**
 * The driver for shims of containerd, protocol versions 2 and 3: {@code containerd-shim-runc-v2},
 * {@code -runsc-v1}, {@code -kata-v2} and others. The sandbox's monitor launches the shim, and
 * keeps the other ends of its FIFOs, so that streams and logs survive this process.
 */
@NullMarked
package dev.kapal.runtime.shim;

import org.jspecify.annotations.NullMarked;
