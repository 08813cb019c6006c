/** Shell completion, generated from the command model. */
@NullMarked
package dev.kapal.cli.completion;

import org.jspecify.annotations.NullMarked;
