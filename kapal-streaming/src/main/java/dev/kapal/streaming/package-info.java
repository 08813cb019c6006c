/**
 * What the streaming server of a node carries: the requests that it was given URLs for, and the
 * streams that it hands to whoever runs them. {@code dev.kapal.streaming.server.StreamingServer} is
 * the entrance.
 */
@NullMarked
package dev.kapal.streaming;

import org.jspecify.annotations.NullMarked;
