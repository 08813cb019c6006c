/** Reading the logs that monitors write: json-file and CRI, rotated, while they grow. */
@NullMarked
package dev.kapal.engine.logs;

import org.jspecify.annotations.NullMarked;
