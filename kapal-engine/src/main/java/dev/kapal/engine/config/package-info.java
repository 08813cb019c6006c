/**
 * From what was asked for to the OCI runtime config: pure functions of the request, the image and
 * facts of the host.
 */
@NullMarked
package dev.kapal.engine.config;

import org.jspecify.annotations.NullMarked;
