/**
 * Devices of the Container Device Interface: what their vendors' files say is to be done to a
 * container's runtime config (CDI specification, versions 0.3 to 1.1).
 */
@NullMarked
package dev.kapal.engine.cdi;

import org.jspecify.annotations.NullMarked;
