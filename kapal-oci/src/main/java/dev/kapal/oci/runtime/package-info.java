/**
 * The OCI runtime specification 1.3 as records: the runtime config ({@code config.json}), its JSON
 * and its validation.
 *
 * <p>Lists and maps are never null and never change; what is optional is an {@code Optional}.
 * Numbers that the specification makes unsigned 64-bit are {@code long}s to be read as unsigned.
 */
@NullMarked
package dev.kapal.oci.runtime;

import org.jspecify.annotations.NullMarked;
