/**
 * A WebSocket connection (RFC 6455) whose messages begin with the number of a channel, as
 * Kubernetes' remote command protocols define it.
 */
@NullMarked
package dev.kapal.streaming.websocket;

import org.jspecify.annotations.NullMarked;
