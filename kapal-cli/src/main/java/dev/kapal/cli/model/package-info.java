/**
 * The command model: commands, options, the argument parser and the help made from them. It knows
 * nothing of containers.
 */
@NullMarked
package dev.kapal.cli.model;

import org.jspecify.annotations.NullMarked;
