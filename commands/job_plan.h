#pragma once

#include "commands/context.h"
#include "lib/job/job.h"
#include "lib/plan/plan.h"

namespace fdl::commands {

// Named axes count as long as the training data has them, where the manifest's `assume` does not say
// otherwise: T of a text in windows.
void assume_sizes_of_data(job::Checked& checked);

// What the plan needs to know of a job: its batch, optimizer and losses.
plan::PlanSetup plan_setup(const job::Checked& checked);

// Settles `batch_size: auto`: the largest batch, 1, 2, 4 or a multiple of 8, whose step stays
// within 80 % of the memory that is there (or of FDL_MEMORY, "8GiB"), and which the training data
// fills. It enters the job and `training` of the manifest, and is told. Errors: FDL4061, FDL9001.
Result<void> settle_batch_size(config::Node& manifest, job::Checked& checked,
                               const Context& context);

}  // namespace fdl::commands
