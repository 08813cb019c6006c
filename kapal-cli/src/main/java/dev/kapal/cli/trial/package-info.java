/** Containers that are run to be looked at: for the check and for the comparison. */
@NullMarked
package dev.kapal.cli.trial;

import org.jspecify.annotations.NullMarked;
