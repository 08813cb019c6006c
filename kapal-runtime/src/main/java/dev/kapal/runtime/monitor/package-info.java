/**
 * The native runtime: containers as processes of the host's kernel, each sandbox under a monitor
 * (docs/monitor-protocol.md).
 */
@NullMarked
package dev.kapal.runtime.monitor;

import org.jspecify.annotations.NullMarked;
