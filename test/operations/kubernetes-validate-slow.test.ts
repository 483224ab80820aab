import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { kubernetesValidateFolder } from '../support/requirements.js';
import { tempFolder } from '../support/temp-folder.js';

/** The manifests against the schemas that Kubernetes publishes, as the Python package kubernetes-validate has them. */

const FOLDER = fileURLToPath(new URL('../../../docker/kubernetes/', import.meta.url));
const VERSIONS = ['1.28', '1.33'] as const;
const timeout = 60_000;

/** Prints what is wrong, a line for each document and version; strict: a field that the schema has not is wrong too. */
const SCRIPT = `
import sys, yaml, kubernetes_validate
versions, files = sys.argv[1].split(','), sys.argv[2:]
for file in files:
    for document in yaml.safe_load_all(open(file)):
        for version in versions:
            try:
                kubernetes_validate.validate(document, version, strict=True)
            except (kubernetes_validate.ValidationError, kubernetes_validate.SchemaNotFoundError) as error:
                print(file, document.get('kind'), version, error.message)
`;

function complaints(files: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(
    '/usr/bin/python3',
    ['-c', SCRIPT, VERSIONS.join(), ...files],
    { encoding: 'utf8', timeout, env: { ...process.env, PYTHONPATH: kubernetesValidateFolder() } },
  );
  assert.equal(status, 0, stderr);
  return stdout;
}

test('Kubernetes’ own schemas take every manifest, and would refuse a misspelled field', { timeout }, (t) => {
  const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.yaml'),
  );
  assert.ok(files.length >= 10, files.join());
  assert.equal(complaints(files.map((file) => join(FOLDER, file))), '');
  const misspelled = join(tempFolder(t), 'deployment.yaml');
  const text = readFileSync(join(FOLDER, 'cluster/deployment.yaml'), 'utf8');
  writeFileSync(misspelled, text.replace('terminationGracePeriodSeconds', 'terminationGraceSeconds'));
  assert.match(complaints([misspelled]), /terminationGraceSeconds/);
});
