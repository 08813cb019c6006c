/**
 * The streaming server: one-time URLs, the upgrade from HTTP, and the protocols of exec, attach and
 * port-forward over SPDY/3.1 and WebSocket.
 */
@NullMarked
package dev.kapal.streaming.server;

import org.jspecify.annotations.NullMarked;
