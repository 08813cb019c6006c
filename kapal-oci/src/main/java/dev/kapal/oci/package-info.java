@NullMarked
package dev.kapal.oci;

import org.jspecify.annotations.NullMarked;
