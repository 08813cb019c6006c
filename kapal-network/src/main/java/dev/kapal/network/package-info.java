/**
 * Container networks: plugins of the Container Network Interface (CNI 1.1.0 and older), Kapal's own
 * networks, published ports, and the {@code hosts} and {@code resolv.conf} files of containers.
 *
 * <p>{@link dev.kapal.network.Networks} is the entrance. Calls block; they are safe from any
 * thread.
 */
@NullMarked
package dev.kapal.network;

import org.jspecify.annotations.NullMarked;
