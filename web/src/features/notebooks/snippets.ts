/** What is typed into a notebook elsewhere so that it works with this server. */

export const INSTALL = "%pip install 'kpl-platform'";

/** Connects and shows what is there. The token is asked for, so that it does not stay in the notebook. */
export function connectCell(server: string, project: string): string {
  return `import getpass
import kpl.client

client = kpl.client.connect(
    server=${JSON.stringify(server)},
    token=getpass.getpass("Token: "),
    project=${JSON.stringify(project)},
)
for dataset in client.datasets.list():
    print(dataset.name, dataset.latest.kind, dataset.latest.num_samples)`;
}

/** Runs a template on a dataset and follows it. */
export function runCell(dataset: string): string {
  return `run = client.runs.create(
    template="image_classification",
    parameters={"dataset": ${JSON.stringify(dataset)}},
)
for update in client.runs.watch(run.id):
    print(f"{update.num_done} of {update.num_tasks} steps")`;
}
