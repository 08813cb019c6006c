/** The same container under every runtime: measured, and drawn. */
@NullMarked
package dev.kapal.cli.compare;

import org.jspecify.annotations.NullMarked;
